-- What is each patient's Rad score, and who is at high risk?
--
-- The score is the sum of coefficient times feature. Choice: high risk is a score above the median of the 24 patients.

CREATE TABLE scored AS
  WITH scores AS (SELECT c.patient_id, rad_score(s.fit, c.radiomics) AS rad_score FROM cohort AS c CROSS JOIN signature AS s)
  SELECT patient_id, rad_score,
         CASE WHEN rad_score > (SELECT median(rad_score) FROM scores) THEN 'high' ELSE 'low' END AS risk
  FROM scores;

CREATE VIEW patients AS SELECT * FROM scored JOIN outcomes USING (patient_id);

SELECT patient_id, rad_score, risk, lung_metastasis, lung_months, dead, os_months FROM patients ORDER BY rad_score DESC;
