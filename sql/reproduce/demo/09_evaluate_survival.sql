-- Do patients at high risk die earlier?
--
-- Evaluation, in both sets. Survival at the times of deaths; limits are NULL where none are defined.
SELECT split, risk, time, n_risk, n_event, survival, lower, upper
FROM kaplan_meier((SELECT os_months, dead, split, risk FROM scored), time => os_months, event => dead, by => [split, risk])
WHERE n_event > 0
ORDER BY split DESC, risk, time;

-- NULL: the curve stays above one half.
SELECT split, risk, n, events, median, lower, upper
FROM median_survival((SELECT os_months, dead, split, risk FROM scored), time => os_months, event => dead, by => [split, risk])
ORDER BY split DESC, risk;

SELECT split, test['chi2'] AS chi2, test['df'] AS df, test['p'] AS p
FROM (SELECT split, log_rank(os_months, dead, risk) AS test FROM scored GROUP BY split)
ORDER BY split DESC;
