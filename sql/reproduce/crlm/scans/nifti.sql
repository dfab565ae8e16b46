-- A folder a patient, with ct.nii.gz and a file a region in seg/.
CREATE EXTERNAL TABLE crlm STORED AS NIFTI LOCATION ':data/'
  OPTIONS (image '{patient_id}/ct.nii.gz', mask '{patient_id}/seg/{region}.nii.gz', modality 'CT');
