-- What happened to the patients, and how long were they followed?
--
-- Two end points. Lung metastasis: the time to it where it was seen, else the time to the last follow-up, so that
-- patients who died before are censored at their death (a cause-specific hazard). Death: the time to the last follow-up,
-- with status 'D' (died of disease) as the event. Choice: months of 30.4375 days, the mean of the calendar. The clinical
-- table has 51 patients; those with a scan count.

CREATE EXTERNAL TABLE clinical STORED AS CSV LOCATION ':data/clinical.csv' OPTIONS (format.has_header true);

CREATE TABLE outcomes AS
  SELECT patient_id,
         lung_metastases = 1 AS lung_metastasis,
         CASE WHEN lung_metastases = 1 THEN days_to_outcome ELSE days_to_last_follow_up END / 30.4375 AS lung_months,
         status = 'D' AS dead,
         days_to_last_follow_up / 30.4375 AS os_months
  FROM clinical
  WHERE patient_id IN (SELECT patient_id FROM scans);

-- Follow-up by the reverse Kaplan-Meier method: the end of observation is the event, and the event censors.
SELECT end_point, count(*) AS patients, sum(event) AS events, median_survival(months, 1 - event)['median'] AS median_follow_up
FROM (SELECT 'lung metastasis' AS end_point, patient_id, lung_months AS months, lung_metastasis::int AS event FROM outcomes
      UNION ALL
      SELECT 'death', patient_id, os_months, dead::int FROM outcomes)
GROUP BY end_point
ORDER BY end_point DESC;
