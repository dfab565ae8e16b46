-- Which scans does the study read, and which region of each?
--
-- 24 patients with soft-tissue sarcoma (The Cancer Imaging Archive, Soft-tissue-Sarcoma). Choice: of each patient the
-- CT, not the PET, and the region that the data's authors drew around the tumour. Scanning reads headers only; the size
-- of a region reads its mask.

\set title CT radiomics of soft-tissue sarcoma, 24 patients

CREATE EXTERNAL TABLE scans STORED AS NIFTI LOCATION ':data/nifti/'
  OPTIONS (image '{patient_id}/CT_image.nii.gz', mask '{patient_id}/CT_mask.nii.gz', modality 'CT', region 'tumour');

SELECT count(*) AS scans, count(mask) AS with_region,
       min(sx) AS min_pixel_mm, max(sx) AS max_pixel_mm, min(sz) AS min_slice_mm, max(sz) AS max_slice_mm
FROM scans;

SELECT patient_id, nx, ny, nz, size['volume_mm3'] / 1000 AS tumour_ml, size['components'] AS pieces
FROM (SELECT *, mask_info(image, mask) AS size FROM scans)
ORDER BY patient_id;

-- The three largest tumours, each in the slice in which it is largest.
SELECT patient_id, slice_plot(image, mask) AS svg
FROM (SELECT patient_id, image, mask FROM scans ORDER BY mask_info(image, mask)['volume_mm3'] DESC LIMIT 3)
ORDER BY patient_id;
