-- Which scans does the study read?
--
-- The study of CT radiomics and overall survival after resection of colorectal liver metastases: a Rad score of radiomic and
-- deep features, found on a training set, tested on a test set and on a cohort from elsewhere. It runs on The Cancer Imaging
-- Archive's collection Colorectal-Liver-Metastases as it was downloaded (`--set format=dicom --set data=FOLDER`, with the
-- clinical sheet saved in that folder as clinical.csv) and on the synthetic cohort of `radsql demo`, which is the default. Nothing about disease can be learned from the latter; its README
-- tells which effects were put in. `--set external_format=none` goes without the cohort from elsewhere.

\set title CT radiomics and survival after resection of colorectal liver metastases
\set data demo-cohort/crlm
\set external demo-cohort/external
\set format nifti
\set external_format :format

CREATE EXTERNAL TABLE crlm_sheet STORED AS CSV LOCATION ':data/clinical.csv' OPTIONS (format.has_header true);

\i scans/:format.sql
\i scans/external_:external_format.sql

CREATE VIEW regions AS
  SELECT 'crlm' AS cohort, patient_id, region, image, mask, sx, sz FROM crlm WHERE mask IS NOT NULL
  UNION ALL
  SELECT 'external', patient_id, region, image, mask, sx, sz FROM external_scans WHERE mask IS NOT NULL;

SELECT cohort, count(DISTINCT patient_id) AS patients, count(DISTINCT image) AS scans, count(*) AS regions,
       min(sx) AS min_pixel_mm, max(sx) AS max_pixel_mm, min(sz) AS min_slice_mm, max(sz) AS max_slice_mm
FROM regions
GROUP BY cohort
ORDER BY cohort;
