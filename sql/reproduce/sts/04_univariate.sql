-- Which single features go with lung metastasis?
--
-- One Cox model for each of the 107 features (ties by Efron), p corrected for 107 tests by Benjamini and Hochberg. A
-- hazard ratio for one unit says little when the unit is HU^2 * mm^3, so it is also given for one standard deviation.

CREATE TABLE univariate AS
  SELECT u.*, exp(u.coef * v.sd) AS hr_per_sd
  FROM univariate_cox((SELECT lung_months, lung_metastasis, radiomics FROM cohort),
                      time => lung_months, event => lung_metastasis) AS u
  JOIN (SELECT feature, stddev(value) AS sd
        FROM unpivot_features((SELECT patient_id, radiomics FROM cohort), id => patient_id)
        GROUP BY feature) AS v ON v.feature = u.term;

SELECT term, n, events, hr_per_sd, p, p_adjusted FROM univariate ORDER BY p, term LIMIT 15;

SELECT count(*) AS features, count(*) FILTER (WHERE p < 0.05) AS p_below_5_percent,
       count(*) FILTER (WHERE p_adjusted < 0.05) AS p_adjusted_below_5_percent,
       count(*) FILTER (WHERE warning IS NOT NULL) AS warnings
FROM univariate;

-- The same for the ten with the smallest p, with their limits.
SELECT svg FROM forest_plot((SELECT u.term, hr_per_sd, exp(ln(hr_lower) * sd) AS lower, exp(ln(hr_upper) * sd) AS upper, p
                             FROM (SELECT *, ln(hr_per_sd) / coef AS sd FROM univariate ORDER BY p, term LIMIT 10) AS u),
                            term => term, ratio => hr_per_sd, lower => lower, upper => upper, p => p);
