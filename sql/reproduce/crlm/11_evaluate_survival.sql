-- Do patients at high risk die earlier?
--
-- Kaplan-Meier curves with numbers at risk, median survival and the log-rank test, in each set. NULL: the curve stays above
-- one half.

SELECT split, km_plot(os_months, dead, risk) AS svg FROM scored GROUP BY split
ORDER BY CASE split WHEN 'train' THEN 1 WHEN 'test' THEN 2 ELSE 3 END;

CREATE TABLE medians AS
  SELECT split, risk, n, events, median, lower, upper
  FROM median_survival((SELECT os_months, dead, split, risk FROM scored), time => os_months, event => dead, by => [split, risk]);

SELECT * FROM medians ORDER BY CASE split WHEN 'train' THEN 1 WHEN 'test' THEN 2 ELSE 3 END, risk;

CREATE TABLE log_rank_tests AS
  SELECT split, test['chi2'] AS chi2, test['df'] AS df, test['p'] AS p
  FROM (SELECT split, log_rank(os_months, dead, risk) AS test
        FROM scored
        -- Where all patients have one risk there is nothing to compare.
        WHERE split IN (SELECT split FROM scored GROUP BY split HAVING count(DISTINCT risk) > 1)
        GROUP BY split);

SELECT * FROM log_rank_tests ORDER BY CASE split WHEN 'train' THEN 1 WHEN 'test' THEN 2 ELSE 3 END;

SELECT split, risk, time, survival, lower, upper
FROM survival_at((SELECT os_months, dead, split, risk FROM scored), time => os_months, event => dead, times => [12, 36, 60], by => [split, risk])
ORDER BY CASE split WHEN 'train' THEN 1 WHEN 'test' THEN 2 ELSE 3 END, risk, time;
