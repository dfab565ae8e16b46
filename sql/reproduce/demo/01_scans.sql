-- Which scans does the study read, and which region of each?
--
-- The synthetic cohort that `radsql demo demo-cohort` writes; `--set data=FOLDER` names another. Nothing about disease can
-- be learned from it: it is here so that the study of CT radiomics and survival after resection of colorectal liver
-- metastases runs with no download, and its README tells which effects were put in. Choice: one region a patient, the
-- main metastasis (label 1 of the mask).

\set data demo-cohort

CREATE EXTERNAL TABLE scans STORED AS NIFTI LOCATION ':data/scans/'
  OPTIONS (image '{patient_id}/ct.nii.gz', mask '{patient_id}/mask.nii.gz', modality 'CT', region 'main metastasis');

SELECT count(*) AS scans, min(sx) AS min_pixel_mm, max(sx) AS max_pixel_mm, min(sz) AS min_slice_mm, max(sz) AS max_slice_mm,
       min(size['volume_mm3']) / 1000 AS min_ml, median(size['volume_mm3']) / 1000 AS median_ml,
       max(size['volume_mm3']) / 1000 AS max_ml
FROM (SELECT *, mask_info(image, mask) AS size FROM scans);
