-- What would the abstract say? One row for each end point.
--
-- Medians are months; NULL where the curve stays above one half. All figures are of the 24 patients that the score was
-- fitted on, so they are what the score can reach at best.

CREATE VIEW follow_up AS
  SELECT 'lung metastasis' AS end_point, lung_months AS months, lung_metastasis AS event, rad_score, risk FROM patients
  UNION ALL
  SELECT 'death', os_months, dead, rad_score, risk FROM patients;

CREATE TABLE summary AS
  SELECT end_point, patients, events,
         c['c'] AS c, c['lower'] AS c_lower, c['upper'] AS c_upper,
         high['events'] AS events_high, low['events'] AS events_low,
         high['median'] AS median_high, low['median'] AS median_low,
         test['chi2'] AS log_rank_chi2, test['p'] AS log_rank_p
  FROM (SELECT end_point, count(*) AS patients, sum(event::int) AS events,
               concordance(months, event, rad_score) AS c,
               median_survival(months, event) FILTER (WHERE risk = 'high') AS high,
               median_survival(months, event) FILTER (WHERE risk = 'low') AS low,
               log_rank(months, event, risk) AS test
        FROM follow_up
        GROUP BY end_point);

SELECT * FROM summary ORDER BY end_point DESC;
