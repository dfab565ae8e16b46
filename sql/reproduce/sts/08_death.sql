-- Does the same score tell who dies? It was fitted on lung metastasis, not on death, but on the same patients.

-- The survival curves at the times of events.
SELECT risk, time, n_risk, n_event, survival, lower, upper
FROM kaplan_meier((SELECT os_months, dead, risk FROM patients),
                  time => os_months, event => dead, by => risk)
WHERE n_event > 0
ORDER BY risk, time;

SELECT risk, n, events, median, lower, upper
FROM median_survival((SELECT os_months, dead, risk FROM patients),
                     time => os_months, event => dead, by => risk)
ORDER BY risk;

SELECT chi2, df, p
FROM log_rank((SELECT os_months, dead, risk FROM patients),
              time => os_months, event => dead, by => risk);

-- Harrell's concordance of the score itself, not of the two groups.
SELECT n, c, se, lower, upper
FROM concordance((SELECT os_months, dead, rad_score FROM patients),
                 time => os_months, event => dead, score => rad_score);

SELECT svg FROM km_plot((SELECT os_months, dead, risk FROM patients), time => os_months, event => dead, by => risk);
