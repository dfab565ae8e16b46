-- Any layout: CT series, and the segmentations that refer to them.
CREATE EXTERNAL TABLE crlm STORED AS DICOM LOCATION ':data/';
CREATE EXTERNAL TABLE external_scans STORED AS DICOM LOCATION ':external/';
