-- Any layout: CT series, and the segmentations that refer to them.
CREATE EXTERNAL TABLE crlm STORED AS DICOM LOCATION ':data/';
