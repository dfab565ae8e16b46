-- Which features say the same as another?
--
-- Of two features whose Pearson correlation is above `cutoff` in the training set, the earlier one stays. The paper states no
-- cut-off. Then one Cox model for each feature that is left; those with p below `p` go on.

\set cutoff 0.9
\set p 0.05

CREATE TABLE correlation AS
  SELECT * FROM correlation_filter((SELECT radiomics, deep FROM cohort WHERE split = 'train'), cutoff => :cutoff);

SELECT CASE WHEN kept THEN 'kept' ELSE coalesce(reason, 'correlated') END AS fate, count(*) AS features
FROM correlation GROUP BY 1 ORDER BY features DESC;

CREATE TABLE univariate AS
  SELECT * FROM univariate_cox((SELECT os_months, dead, radiomics, deep FROM cohort WHERE split = 'train'),
                               time => os_months, event => dead, terms => (SELECT feature FROM correlation WHERE kept));

CREATE TABLE candidates AS SELECT term FROM univariate WHERE p < :p;

SELECT require(count(*) > 0, concat('no feature has p below ', :p, ': there is nothing to make a score of')) AS found FROM candidates;

SELECT term, n, events, z, p, p_adjusted FROM univariate ORDER BY p, term LIMIT 15;

SELECT count(*) AS features, count(*) FILTER (WHERE p < :p) AS candidates, count(*) FILTER (WHERE p_adjusted < 0.05) AS p_adjusted_below_5_percent
FROM univariate;

SELECT svg FROM correlation_plot((SELECT radiomics, deep FROM cohort WHERE split = 'train'), terms => (SELECT term FROM candidates));
