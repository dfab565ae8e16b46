-- Another hospital's patients, in the same form.
CREATE EXTERNAL TABLE external_scans STORED AS DICOM LOCATION ':external/';
CREATE EXTERNAL TABLE external_sheet STORED AS CSV LOCATION ':external/clinical.csv' OPTIONS (format.has_header true);
