-- Which lesion of each patient?
--
-- The paper does not say. Choice: the largest metastasis by volume; `--set lesion=2` takes the second, and `lesions` is the
-- pattern of the names that are metastases in the collection's segmentations (Tumor_1, Tumor_2, ...).

\set lesions Tumor%
\set lesion 1

CREATE TABLE metastases AS
  SELECT cohort, patient_id, region, image, mask, size['voxels'] AS voxels, size['volume_mm3'] / 1000 AS volume_ml,
         row_number() OVER (PARTITION BY cohort, patient_id ORDER BY size['volume_mm3'] DESC, region) AS place
  FROM (SELECT *, mask_info(image, mask) AS size FROM regions WHERE region LIKE :lesions);

CREATE TABLE lesions AS
  SELECT cohort, patient_id, region, image, mask, voxels, volume_ml FROM metastases WHERE place = :lesion;

SELECT require(count(*) > 0, concat('no region is called like ', :lesions, ', or no patient has ', :lesion, ' of them')) AS found FROM lesions;

SELECT cohort, count(*) AS patients, median(volume_ml) AS median_ml, min(volume_ml) AS min_ml, max(volume_ml) AS max_ml,
       min(voxels) AS min_voxels
FROM lesions
GROUP BY cohort
ORDER BY cohort;

-- The largest lesion of the cohort, in the slice in which it is largest.
SELECT slice_plot(image, mask) AS svg, patient_id, region, round(volume_ml, 1) AS ml
FROM (SELECT * FROM lesions WHERE cohort = 'crlm' ORDER BY volume_ml DESC, patient_id LIMIT 2)
ORDER BY volume_ml DESC, patient_id;
