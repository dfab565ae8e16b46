-- What do the tumours look like, in numbers?
--
-- The 107 features of the original image with PyRadiomics' default settings: bins of 25 HU, no resampling, no filter.
-- All scans have voxels of one size (step 1), so that none needs to be resampled to be compared.

CREATE TABLE cohort AS
  SELECT * FROM (SELECT patient_id, radiomics(image, mask, 'default') AS radiomics FROM scans) JOIN outcomes USING (patient_id);

SELECT d.class, count(DISTINCT v.feature) AS features, count(DISTINCT v.patient_id) AS patients,
       count(*) - count(nullif(v.value, 'NaN'::double)) AS missing_values
FROM unpivot_features((SELECT patient_id, radiomics FROM cohort), id => patient_id) AS v
JOIN radiomics_features('default') AS d ON d.name = v.feature
GROUP BY d.class
ORDER BY d.class;
