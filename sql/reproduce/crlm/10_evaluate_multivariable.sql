-- Does the score add to what the clinic knows?
--
-- One multivariable Cox model in each set: the Rad score beside age, sex, comorbidity, chemotherapy and the clinical risk score.
-- The hazard ratio of the training set is flattered, for the score was fitted there. Patients that miss a value are left out
-- (n_missing).

CREATE TABLE multivariable AS
  SELECT split, cox(os_months, dead, age, male, major_comorbidity, chemotherapy, clinrisk_score, rad_score) AS fit
  FROM scored GROUP BY split;

CREATE TABLE hazard_ratios AS
  SELECT split, n, events, n_missing, t['term'] AS term, t['hr'] AS hr, t['hr_lower'] AS hr_lower, t['hr_upper'] AS hr_upper, t['p'] AS p
  FROM (SELECT split, fit['n'] AS n, fit['events'] AS events, fit['n_missing'] AS n_missing, unnest(fit['terms']) AS t FROM multivariable);

SELECT * FROM hazard_ratios ORDER BY CASE split WHEN 'train' THEN 1 WHEN 'test' THEN 2 ELSE 3 END, term;

SELECT set, svg
FROM (SELECT 1 AS place, 'training' AS set, svg FROM forest_plot((SELECT * FROM hazard_ratios WHERE split = 'train'),
                                term => term, ratio => hr, lower => hr_lower, upper => hr_upper, p => p)
      UNION ALL
      SELECT 2, 'testing', svg FROM forest_plot((SELECT * FROM hazard_ratios WHERE split = 'test'),
                                term => term, ratio => hr, lower => hr_lower, upper => hr_upper, p => p)
      UNION ALL
      SELECT 3, 'external', svg FROM forest_plot((SELECT * FROM hazard_ratios WHERE split = 'external'),
                                term => term, ratio => hr, lower => hr_lower, upper => hr_upper, p => p))
ORDER BY place;
