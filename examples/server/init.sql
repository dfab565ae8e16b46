-- Tables to serve from the cohort that `radsql demo` writes: radsql serve --read demo-cohort --init examples/server/init.sql
-- Relative paths begin at the first --read folder. What is made here is there for every user; features are not computed
-- before somebody asks for them, and come from the cache after that.

CREATE EXTERNAL TABLE scans STORED AS NIFTI LOCATION 'crlm/'
  OPTIONS (image '{patient_id}/ct.nii.gz', mask '{patient_id}/seg/Tumor_1.nii.gz', modality 'CT');

CREATE EXTERNAL TABLE sheet STORED AS CSV LOCATION 'crlm/clinical.csv' OPTIONS (format.has_header true);

-- The sheet writes -999 where a value is not there.
CREATE VIEW patients AS
  SELECT patient_id, nullif(overall_survival_months, -999) AS os_months, nullif(vital_status, -999) AS dead,
         nullif(age, -999) AS age, nullif(sex, -999) = 1 AS male, nullif(clinrisk_score, -999) AS clinrisk_score
  FROM sheet;

-- Columns of numbers, which tools that know no structs can show and chart.
CREATE VIEW lesions AS
  SELECT patient_id, r.original_shape_MeshVolume AS volume_mm3, r.original_firstorder_Mean AS mean_hu,
         r.original_firstorder_Entropy AS entropy
  FROM (SELECT patient_id, radiomics(image, mask) AS r FROM scans);
