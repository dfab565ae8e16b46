-- Another hospital's patients, in the same form.
CREATE EXTERNAL TABLE external_scans STORED AS NIFTI LOCATION ':external/'
  OPTIONS (image '{patient_id}/ct.nii.gz', mask '{patient_id}/seg/{region}.nii.gz', modality 'CT');
CREATE EXTERNAL TABLE external_sheet STORED AS CSV LOCATION ':external/clinical.csv' OPTIONS (format.has_header true);
