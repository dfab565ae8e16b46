-- Who are the patients, and what is missing?
--
-- The end point is overall survival: months from the operation to death (dead = 1) or to the end of follow-up. An empty
-- cell is missing, and stays so: every fit leaves out the patients that miss a value which it uses, and says how many.

CREATE EXTERNAL TABLE clinical STORED AS CSV LOCATION ':data/clinical.csv' OPTIONS (format.has_header true);

SELECT count(*) AS patients, sum(dead) AS deaths, avg(age) AS mean_age, count(*) FILTER (WHERE sex = 1) AS men,
       count(*) - count(node_positive) AS node_positive_missing, count(*) - count(clinrisk_score) AS clinrisk_score_missing
FROM clinical;

-- Follow-up by the reverse Kaplan-Meier method: the end of observation is the event, and death censors.
SELECT median AS median_follow_up
FROM median_survival((SELECT os_months, dead = 0 AS alive FROM clinical), time => os_months, event => alive);
