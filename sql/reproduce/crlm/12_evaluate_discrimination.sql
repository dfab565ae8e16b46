-- How often does the higher score die first, and is it better than the clinic's?
--
-- Harrell's concordance and the areas under the time-dependent ROC curves, of the Rad score and, beside it, of the clinical risk
-- score and age. Cases died before the time, controls were observed beyond it, weighted by the inverse probability of
-- censoring.

CREATE TABLE concordances AS
  SELECT 'rad_score' AS score, split, n, n_missing, c, se, lower, upper
  FROM concordance((SELECT os_months, dead, rad_score, split FROM scored),
                   time => os_months, event => dead, score => rad_score, by => split)
  UNION ALL
  SELECT 'clinrisk_score', split, n, n_missing, c, se, lower, upper
  FROM concordance((SELECT os_months, dead, clinrisk_score, split FROM scored),
                   time => os_months, event => dead, score => clinrisk_score, by => split);

SELECT * FROM concordances ORDER BY score DESC, CASE split WHEN 'train' THEN 1 WHEN 'test' THEN 2 ELSE 3 END;

SELECT split, first, second, n, c_first, c_second, difference, lower, upper, p
FROM compare_concordance((SELECT os_months, dead, rad_score, clinrisk_score, split FROM scored),
                         time => os_months, event => dead, scores => [rad_score, clinrisk_score], by => split)
ORDER BY CASE split WHEN 'train' THEN 1 WHEN 'test' THEN 2 ELSE 3 END;

CREATE TABLE areas AS
  SELECT split, marker, t, auc, lower, upper, n, n_missing, cases, controls
  FROM time_roc((SELECT os_months, dead, rad_score, split FROM scored),
                time => os_months, event => dead, marker => rad_score, times => [12, 24, 36, 60], by => split)
  UNION ALL
  SELECT split, marker, t, auc, lower, upper, n, n_missing, cases, controls
  FROM time_roc((SELECT os_months, dead, clinrisk_score, split FROM scored),
                time => os_months, event => dead, marker => clinrisk_score, times => [12, 24, 36, 60], by => split)
  UNION ALL
  SELECT split, marker, t, auc, lower, upper, n, n_missing, cases, controls
  FROM time_roc((SELECT os_months, dead, age, split FROM scored),
                time => os_months, event => dead, marker => age, times => [12, 24, 36, 60], by => split);

SELECT * FROM areas ORDER BY CASE split WHEN 'train' THEN 1 WHEN 'test' THEN 2 ELSE 3 END, marker DESC, t;

-- On the patients that have both.
SELECT split, first, second, t, auc_first, auc_second, difference, lower, upper, p
FROM compare_time_roc((SELECT os_months, dead, rad_score, clinrisk_score, split FROM scored),
                      time => os_months, event => dead, marker => [rad_score, clinrisk_score], times => [12, 24, 36], by => split)
ORDER BY CASE split WHEN 'train' THEN 1 WHEN 'test' THEN 2 ELSE 3 END, t;

SELECT split, svg FROM time_roc_plot((SELECT os_months, dead, rad_score, clinrisk_score, age, split FROM scored),
                time => os_months, event => dead, marker => [rad_score, clinrisk_score, age], times => 36, by => split)
ORDER BY CASE split WHEN 'train' THEN 1 WHEN 'test' THEN 2 ELSE 3 END;
