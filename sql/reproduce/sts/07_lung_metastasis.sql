-- Does the score tell who gets lung metastases, the end point that it was fitted on?

-- The survival curves at the times of events. NULL limits: none are defined there.
SELECT risk, time, n_risk, n_event, survival, lower, upper
FROM kaplan_meier((SELECT lung_months, lung_metastasis, risk FROM patients),
                  time => lung_months, event => lung_metastasis, by => risk)
WHERE n_event > 0
ORDER BY risk, time;

-- NULL: so few had the event that the curve stays above one half.
SELECT risk, n, events, median, lower, upper
FROM median_survival((SELECT lung_months, lung_metastasis, risk FROM patients),
                     time => lung_months, event => lung_metastasis, by => risk)
ORDER BY risk;

SELECT chi2, df, p
FROM log_rank((SELECT lung_months, lung_metastasis, risk FROM patients),
              time => lung_months, event => lung_metastasis, by => risk);

-- Harrell's concordance of the score itself, not of the two groups.
SELECT n, c, se, lower, upper
FROM concordance((SELECT lung_months, lung_metastasis, rad_score FROM patients),
                 time => lung_months, event => lung_metastasis, score => rad_score);

SELECT svg FROM km_plot((SELECT lung_months, lung_metastasis, risk FROM patients),
                        time => lung_months, event => lung_metastasis, by => risk);

SELECT svg FROM score_plot((SELECT rad_score, lung_metastasis FROM patients), score => rad_score, by => lung_metastasis);
