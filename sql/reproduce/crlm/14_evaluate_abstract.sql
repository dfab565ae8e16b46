-- What would the abstract say, and what did it say?
--
-- `abstract` holds the figures, a row a set; beside them is what the paper states of its patients. On the synthetic cohort the two
-- have nothing to do with each other. Medians are months; 'not reached' where the curve stays above one half.

CREATE TABLE abstract AS
  SELECT s.split, s.patients, s.deaths, h.hr, h.hr_lower, h.hr_upper, h.p, c.c, c.lower AS c_lower, c.upper AS c_upper,
         high.median AS median_high, low.median AS median_low, l.chi2 AS log_rank_chi2, l.p AS log_rank_p,
         a12.auc AS auc_12, a36.auc AS auc_36, a60.auc AS auc_60
  FROM (SELECT split, count(*) AS patients, sum(dead) AS deaths FROM scored GROUP BY split) AS s
  LEFT JOIN hazard_ratios AS h ON h.split = s.split AND h.term = 'rad_score'
  LEFT JOIN concordances AS c ON c.split = s.split AND c.score = 'rad_score'
  LEFT JOIN medians AS high ON high.split = s.split AND high.risk = 'high'
  LEFT JOIN medians AS low ON low.split = s.split AND low.risk = 'low'
  LEFT JOIN log_rank_tests AS l ON l.split = s.split
  LEFT JOIN areas AS a12 ON a12.split = s.split AND a12.marker = 'rad_score' AND a12.t = 12
  LEFT JOIN areas AS a36 ON a36.split = s.split AND a36.marker = 'rad_score' AND a36.t = 36
  LEFT JOIN areas AS a60 ON a60.split = s.split AND a60.marker = 'rad_score' AND a60.t = 60;

-- The paper's own numbers.
CREATE TABLE published AS
  SELECT * FROM (VALUES
    (1, 'patients', '138', '59', '105'),
    (2, 'Rad score in multivariable Cox: HR (95 % CI)', '2.671 (2.023 to 3.527)', '3.036 (1.421 to 6.486)', NULL),
    (3, 'its p', '< 0.001', '0.004', NULL),
    (4, 'Harrell C (95 % CI)', '0.738 (0.678 to 0.793)', '0.663 (0.558 to 0.752)', '0.614 (0.534 to 0.697)'),
    (5, 'median overall survival, high / low risk (months)', '56.50 / 76.00', '61.45 / 74.25', '15.70 / 29.87'),
    (6, 'log-rank p', '0.0000', '0.0103', '0.0015'),
    (7, 'AUC at 12 / 36 / 60 months', NULL, NULL, NULL)) AS t(line, measure, train, test, external);

-- A decimal keeps its zeros, so that 1.320 does not become 1.32. A ratio too large for one comes from a model that separates.
CREATE VIEW told AS
  SELECT split, patients::text AS patients,
         concat(coalesce(try_cast(hr AS decimal(12, 3))::text, 'not estimable'), ' (', coalesce(try_cast(hr_lower AS decimal(12, 3))::text, '-'), ' to ',
                coalesce(try_cast(hr_upper AS decimal(12, 3))::text, '-'), ')') AS hr,
         CASE WHEN p < 0.001 THEN '< 0.001' ELSE p::decimal(4, 3)::text END AS p,
         concat(coalesce(c::decimal(4, 3)::text, '-'), ' (', coalesce(c_lower::decimal(4, 3)::text, '-'), ' to ',
                coalesce(c_upper::decimal(4, 3)::text, '-'), ')') AS c,
         concat(coalesce(median_high::decimal(20, 2)::text, 'not reached'), ' / ',
                coalesce(median_low::decimal(20, 2)::text, 'not reached')) AS medians,
         CASE WHEN log_rank_p < 0.0001 THEN '< 0.0001' ELSE log_rank_p::decimal(5, 4)::text END AS log_rank_p,
         concat(coalesce(auc_12::decimal(4, 3)::text, '-'), ' / ', coalesce(auc_36::decimal(4, 3)::text, '-'), ' / ',
                coalesce(auc_60::decimal(4, 3)::text, '-')) AS auc
  FROM abstract;

CREATE VIEW found AS
  SELECT line, max(value) FILTER (WHERE split = 'train') AS train, max(value) FILTER (WHERE split = 'test') AS test,
         max(value) FILTER (WHERE split = 'external') AS external
  FROM (SELECT 1 AS line, split, patients AS value FROM told
        UNION ALL SELECT 2, split, hr FROM told
        UNION ALL SELECT 3, split, p FROM told
        UNION ALL SELECT 4, split, c FROM told
        UNION ALL SELECT 5, split, medians FROM told
        UNION ALL SELECT 6, split, log_rank_p FROM told
        UNION ALL SELECT 7, split, auc FROM told)
  GROUP BY line;

SELECT p.measure, f.train AS training, p.train AS training_published, f.test AS testing, p.test AS testing_published,
       f.external, p.external AS external_published
FROM published AS p LEFT JOIN found AS f ON f.line = p.line
ORDER BY p.line;
