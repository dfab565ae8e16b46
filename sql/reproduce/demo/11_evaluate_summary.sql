-- What would the abstract say?
--
-- Evaluation. `summary` holds the figures, a row a set; what is printed is the paper's table of them. Medians are months;
-- 'not reached' where the curve stays above one half.

CREATE TABLE summary AS
  SELECT s.split, s.patients, s.deaths,
         m.term['hr'] AS hr, m.term['hr_lower'] AS hr_lower, m.term['hr_upper'] AS hr_upper, m.term['p'] AS p,
         c['c'] AS c, c['lower'] AS c_lower, c['upper'] AS c_upper,
         high['median'] AS median_high, low['median'] AS median_low,
         test['chi2'] AS log_rank_chi2, test['p'] AS log_rank_p
  FROM (SELECT split, count(*) AS patients, sum(dead) AS deaths,
               concordance(os_months, dead, rad_score) AS c,
               median_survival(os_months, dead) FILTER (WHERE risk = 'high') AS high,
               median_survival(os_months, dead) FILTER (WHERE risk = 'low') AS low,
               log_rank(os_months, dead, risk) AS test
        FROM scored
        GROUP BY split) AS s
  JOIN (SELECT split, unnest(fit['terms']) AS term FROM multivariable) AS m ON m.split = s.split AND m.term['term'] = 'rad_score';

-- A decimal keeps its zeros, so that 1.320 does not become 1.32.
CREATE VIEW told AS
  SELECT split,
         concat(patients, ' (', deaths, ')') AS patients,
         concat(hr::decimal(20, 3), ' (', hr_lower::decimal(20, 3), ' to ', hr_upper::decimal(20, 3), ')') AS hr,
         CASE WHEN p < 0.001 THEN '< 0.001' ELSE p::decimal(4, 3)::text END AS p,
         concat(c::decimal(4, 3), ' (', c_lower::decimal(4, 3), ' to ', c_upper::decimal(4, 3), ')') AS c,
         concat(coalesce(median_high::decimal(20, 2)::text, 'not reached'), ' / ',
                coalesce(median_low::decimal(20, 2)::text, 'not reached')) AS medians,
         CASE WHEN log_rank_p < 0.0001 THEN '< 0.0001' ELSE log_rank_p::decimal(5, 4)::text END AS log_rank_p
  FROM summary;

SELECT measure, max(value) FILTER (WHERE split = 'train') AS training, max(value) FILTER (WHERE split = 'test') AS testing
FROM (SELECT 1 AS line, 'patients (deaths)' AS measure, split, patients AS value FROM told
      UNION ALL SELECT 2, 'Rad score in multivariable Cox: HR (95 % CI)', split, hr FROM told
      UNION ALL SELECT 3, 'its p', split, p FROM told
      UNION ALL SELECT 4, 'Harrell C (95 % CI)', split, c FROM told
      UNION ALL SELECT 5, 'median overall survival, high / low risk (months)', split, medians FROM told
      UNION ALL SELECT 6, 'log-rank p', split, log_rank_p FROM told)
GROUP BY line, measure
ORDER BY line;
