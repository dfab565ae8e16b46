-- There is no other hospital: tables without rows.
CREATE TABLE external_scans AS SELECT patient_id, region, image, mask, sx, sz FROM crlm WHERE false;
CREATE TABLE external_sheet AS SELECT * FROM crlm_sheet WHERE false;
