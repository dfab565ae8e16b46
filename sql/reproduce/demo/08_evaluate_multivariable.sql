-- Does the score add to what the clinic knows?
--
-- Evaluation: from here on nothing is chosen, and both sets are read. One multivariable Cox model in each set: the Rad
-- score beside age and the nodes of the primary tumour. The training set's hazard ratio of the score is flattered, for
-- the score was fitted there. Patients whose node_positive is missing are left out (n_missing).

SELECT 'train' AS split, term, hr, hr_lower, hr_upper, p, warning
FROM cox((SELECT os_months, dead, age, node_positive, rad_score FROM scored WHERE split = 'train'),
         time => os_months, event => dead);

SELECT 'test' AS split, term, hr, hr_lower, hr_upper, p, warning
FROM cox((SELECT os_months, dead, age, node_positive, rad_score FROM scored WHERE split = 'test'),
         time => os_months, event => dead);

-- As an aggregate, one fit a set.
CREATE TABLE multivariable AS
  SELECT split, cox(os_months, dead, age, node_positive, rad_score) AS fit FROM scored GROUP BY split;

SELECT split, fit['n'] AS n, fit['n_missing'] AS n_missing, fit['events'] AS events, fit['lr']['chi2'] AS lr_chi2,
       fit['lr']['p'] AS lr_p, fit['concordance'] AS c
FROM multivariable
ORDER BY split DESC;
