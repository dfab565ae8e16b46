-- What is each patient's Rad score, and who is at high risk?
--
-- The score is the sum of coefficient times feature, for all patients alike. High risk is a score above a quantile of the
-- training set, the median by default as in the paper; the test set and the external cohort take that cut as it is.

\set cut 0.5

CREATE TABLE scores AS
  SELECT c.cohort, c.patient_id, c.split, rad_score(s.terms, c.radiomics, c.deep) AS rad_score FROM cohort AS c CROSS JOIN signature AS s;

CREATE TABLE cut AS SELECT percentile_cont(rad_score, :cut) AS cut FROM scores WHERE split = 'train';

CREATE TABLE scored AS
  SELECT c.* EXCLUDE (radiomics, deep), s.rad_score, CASE WHEN s.rad_score > cut.cut THEN 'high' ELSE 'low' END AS risk
  FROM cohort AS c JOIN scores AS s ON s.cohort = c.cohort AND s.patient_id = c.patient_id CROSS JOIN cut;

SELECT split, risk, count(*) AS patients, sum(dead) AS deaths, min(rad_score) AS min_score, max(rad_score) AS max_score
FROM scored
GROUP BY split, risk
ORDER BY CASE split WHEN 'train' THEN 1 WHEN 'test' THEN 2 ELSE 3 END, risk;

SELECT svg FROM score_plot((SELECT rad_score, split FROM scored), score => rad_score, by => split);
