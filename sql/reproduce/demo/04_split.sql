-- Who trains the score, and who tests it?
--
-- 70 % of the patients train, 30 % test, drawn by a seed, with deaths spread evenly over both. From here to step 7
-- nothing reads a patient of the test set: what is chosen or fitted says WHERE split = 'train'.

\set train 0.7
\set seed 42

CREATE TABLE cohort AS
  SELECT * FROM train_test_split((SELECT * FROM features JOIN clinical USING (patient_id)),
                                 id => patient_id, train => :train, seed => :seed, stratify => dead);

SELECT split, count(*) AS patients, sum(dead) AS deaths FROM cohort GROUP BY split ORDER BY split DESC;
