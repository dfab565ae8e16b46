-- What is each patient's Rad score, and who is at high risk?
--
-- The score is the sum of coefficient times feature, for patients of both sets alike. Choice: high risk is a score above
-- the median of the training set. The test set takes that cut as it is.

CREATE TABLE scores AS
  SELECT c.patient_id, c.split, rad_score(s.fit, c.radiomics) AS rad_score FROM cohort AS c CROSS JOIN signature AS s;

CREATE TABLE cut AS
  SELECT median(rad_score) AS cut FROM scores WHERE split = 'train';

CREATE TABLE scored AS
  SELECT c.* EXCLUDE (radiomics), s.rad_score, CASE WHEN s.rad_score > cut.cut THEN 'high' ELSE 'low' END AS risk
  FROM cohort AS c JOIN scores AS s USING (patient_id) CROSS JOIN cut;

SELECT split, risk, count(*) AS patients, min(rad_score) AS min_score, max(rad_score) AS max_score, sum(dead) AS deaths
FROM scored
GROUP BY split, risk
ORDER BY split DESC, risk;
