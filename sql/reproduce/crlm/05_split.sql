-- Who trains the score, and who tests it?
--
-- 70 % of the collection's patients train, 30 % test, drawn by a seed, with deaths spread evenly over both. From here to
-- step 8 nothing that is chosen or fitted reads a patient of the test set or of the external cohort: it says
-- WHERE split = 'train'.

\set train 0.7
\set seed 42

CREATE VIEW complete AS
  SELECT c.*, l.volume_ml, f.radiomics, f.deep
  FROM clinical AS c
  JOIN flow ON flow.cohort = c.cohort AND flow.patient_id = c.patient_id AND flow.fate = 'in the study'
  JOIN lesions AS l ON l.cohort = c.cohort AND l.patient_id = c.patient_id
  JOIN features AS f ON f.cohort = c.cohort AND f.patient_id = c.patient_id;

CREATE TABLE cohort AS
  SELECT * FROM train_test_split((SELECT * FROM complete WHERE cohort = 'crlm'),
                                 id => patient_id, train => :train, seed => :seed, stratify => dead)
  UNION ALL
  SELECT *, 'external' FROM complete WHERE cohort = 'external';

SELECT split, count(*) AS patients, sum(dead) AS deaths FROM cohort GROUP BY split
ORDER BY CASE split WHEN 'train' THEN 1 WHEN 'test' THEN 2 ELSE 3 END;
