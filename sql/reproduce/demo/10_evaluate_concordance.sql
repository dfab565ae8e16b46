-- How often does the higher score die first?
--
-- Evaluation: Harrell's concordance in both sets, of the Rad score and, beside it, of the clinical risk score, which is
-- missing for some patients.

SELECT 'rad_score' AS score, split, n, n_missing, c, se, lower, upper
FROM concordance((SELECT os_months, dead, rad_score, split FROM scored),
                 time => os_months, event => dead, score => rad_score, by => split)
UNION ALL
SELECT 'clinrisk_score', split, n, n_missing, c, se, lower, upper
FROM concordance((SELECT os_months, dead, clinrisk_score, split FROM scored),
                 time => os_months, event => dead, score => clinrisk_score, by => split)
ORDER BY score DESC, split DESC;
