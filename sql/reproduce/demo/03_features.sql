-- What do the metastases look like, in numbers?
--
-- The 107 features of the original image with PyRadiomics' default settings: bins of 25 HU, no resampling, no filter.

CREATE TABLE features AS
  SELECT patient_id, radiomics(image, mask, 'default') AS radiomics FROM scans;

SELECT d.class, count(DISTINCT v.feature) AS features, count(DISTINCT v.patient_id) AS patients,
       count(*) - count(nullif(v.value, 'NaN'::double)) AS missing_values
FROM unpivot_features(features, id => patient_id) AS v
JOIN radiomics_features('default') AS d ON d.name = v.feature
GROUP BY d.class
ORDER BY d.class;
