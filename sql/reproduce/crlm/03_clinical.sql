-- What is known of the patients?
--
-- The collection's clinical sheet, by its own names. It writes -999 where a value is not there; here that is NULL, and every
-- fit leaves out the patients that miss a value which it uses, and says how many. The end point is overall survival in months
-- after the operation; vital_status is 1 for the dead.

CREATE TABLE clinical AS
  WITH sheets AS (
         SELECT 'crlm' AS cohort, patient_id, overall_survival_months, vital_status, age, sex, major_comorbidity, chemo_before_liver_resection, clinrisk_score, extrahep_disease,
                steatosis_yesno
         FROM crlm_sheet
         UNION ALL
         SELECT 'external', patient_id, overall_survival_months, vital_status, age, sex, major_comorbidity, chemo_before_liver_resection, clinrisk_score, extrahep_disease,
                steatosis_yesno
         FROM external_sheet)
  SELECT cohort, patient_id,
         nullif(overall_survival_months, -999) AS os_months,
         nullif(vital_status, -999) AS dead,
         nullif(age, -999) AS age,
         nullif(sex, -999) = 1 AS male,
         nullif(major_comorbidity, -999) AS major_comorbidity,
         nullif(chemo_before_liver_resection, -999) AS chemotherapy,
         nullif(clinrisk_score, -999) AS clinrisk_score,
         nullif(extrahep_disease, -999) AS extrahepatic_disease,
         nullif(steatosis_yesno, -999) AS steatosis
  FROM sheets;

SELECT require(count(*) = count(DISTINCT concat(cohort, ' ', patient_id)), 'a patient stands twice in a clinical sheet') AS once FROM clinical;

SELECT cohort, count(*) AS patients, sum(dead) AS deaths, count(*) - count(clinrisk_score) AS clinrisk_score_missing
FROM clinical
GROUP BY cohort
ORDER BY cohort;

-- Follow-up by the reverse Kaplan-Meier method: the end of observation is the event, and death censors.
SELECT cohort, median AS median_follow_up, lower, upper
FROM median_survival((SELECT cohort, os_months, dead = 0 AS alive FROM clinical), time => os_months, event => alive, by => cohort);

-- Who is left out, and why?
CREATE TABLE flow AS
  SELECT c.cohort, c.patient_id,
         CASE WHEN r.patient_id IS NULL THEN 'no scan with a region'
              WHEN l.patient_id IS NULL THEN 'no such lesion'
              WHEN c.os_months IS NULL OR c.dead IS NULL THEN 'no survival'
              WHEN c.os_months = 0 THEN 'no follow-up'
              ELSE 'in the study' END AS fate
  FROM clinical AS c
  LEFT JOIN (SELECT DISTINCT cohort, patient_id FROM regions) AS r ON r.cohort = c.cohort AND r.patient_id = c.patient_id
  LEFT JOIN lesions AS l ON l.cohort = c.cohort AND l.patient_id = c.patient_id;

SELECT cohort, fate, count(*) AS patients FROM flow GROUP BY cohort, fate ORDER BY cohort, patients DESC, fate;
