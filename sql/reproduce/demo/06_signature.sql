-- Which features make the Rad score, and with which weights?
--
-- Rule: two features, for the training set has few deaths. The first is the one with the smallest p of step 5. The second
-- has the smallest p among those of another family (shape, intensity, texture) that correlate with the first by less
-- than 0.5 (Pearson, absolute, in the training set). The query lists the candidates for the second place in that order;
-- its first row is taken. The names below are those of the default cohort and seed: for another one, read them here.

CREATE VIEW ranking AS
  SELECT u.term, u.p, CASE d.class WHEN 'shape' THEN 'shape' WHEN 'firstorder' THEN 'intensity' ELSE 'texture' END AS family
  FROM univariate AS u JOIN radiomics_features('default') AS d ON d.name = u.term;

CREATE VIEW training_values AS
  SELECT * FROM unpivot_features((SELECT patient_id, radiomics FROM cohort WHERE split = 'train'), id => patient_id);

-- corr() adds up in the order in which threads deliver, so its last digits come and go: nine are kept.
CREATE TABLE candidates AS
  WITH best AS (SELECT term, family FROM ranking ORDER BY p, term LIMIT 1)
  SELECT r.term, r.family, r.p, b.term AS first, round(corr(v.value, w.value), 9) AS correlation
  FROM ranking AS r
  JOIN best AS b ON r.family <> b.family
  JOIN training_values AS v ON v.feature = r.term
  JOIN training_values AS w ON w.feature = b.term AND w.patient_id = v.patient_id
  GROUP BY r.term, r.family, r.p, b.term
  HAVING abs(corr(v.value, w.value)) < 0.5;

SELECT * FROM candidates ORDER BY p, term LIMIT 5;

-- The fit is a value: step 7 applies it, to patients that it has not seen as well.
CREATE TABLE signature AS
  SELECT cox(os_months, dead,
             radiomics['original_gldm_GrayLevelVariance'], radiomics['original_firstorder_10Percentile']) AS fit
  FROM cohort
  WHERE split = 'train';

SELECT t['term'] AS term, t['coef'] AS coef, t['hr'] AS hr, t['hr_lower'] AS hr_lower, t['hr_upper'] AS hr_upper, t['p'] AS p
FROM (SELECT unnest(fit['terms']) AS t FROM signature);

SELECT fit['n'] AS n, fit['events'] AS events, fit['lr']['chi2'] AS lr_chi2, fit['lr']['p'] AS lr_p, fit['warning'] AS warning
FROM signature;
