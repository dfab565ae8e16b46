-- What do the lesions look like, in numbers?
--
-- 851 radiomic features with PyRadiomics' default settings, of the original image and the eight sub-bands of its wavelet
-- transform; and 256 deep features. The paper does not name its network: here it is the ResNet-10 that comes with radsql,
-- trained on synthetic lesions only (examples/deep). `--set network=FILE.onnx` takes another, `--set settings=FILE.yaml` other
-- settings.

\set settings wavelet
\set network :data/../models/resnet10.onnx

CREATE MODEL network FROM ':network';

CREATE TABLE features AS
  SELECT cohort, patient_id, radiomics(image, mask, :settings) AS radiomics, deep_features(image, mask, 'network') AS deep
  FROM lesions;

SELECT image_type, count(*) AS features FROM radiomics_features(:settings) GROUP BY image_type ORDER BY features DESC, image_type;

SELECT name, output_dim, engine, sha256 FROM deep_models();
