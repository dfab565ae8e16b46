-- Which features make the Rad score, and with which weights?
--
-- A Cox model with the LASSO penalty on the candidates; the penalty is the best of a cross-validation of `folds` folds, drawn
-- by the same seed, with deaths spread evenly over them. `lambda` may be '1se'.

\set folds 10
\set lambda min

CREATE TABLE signature AS
  SELECT * FROM cox_lasso_model((SELECT os_months, dead, patient_id, radiomics, deep FROM cohort WHERE split = 'train'),
                                time => os_months, event => dead, id => patient_id, terms => (SELECT term FROM candidates),
                                folds => :folds, seed => :seed, stratify => true, lambda => :lambda);

SELECT t['term'] AS term, t['coef'] AS coef FROM (SELECT unnest(terms) AS t FROM signature) ORDER BY abs(t['coef']) DESC, t['term'];

SELECT svg FROM lasso_path_plot((SELECT os_months, dead, patient_id, radiomics, deep FROM cohort WHERE split = 'train'),
                                time => os_months, event => dead, id => patient_id, terms => (SELECT term FROM candidates),
                                folds => :folds, seed => :seed, stratify => true);

SELECT svg FROM lasso_cv_plot((SELECT os_months, dead, patient_id, radiomics, deep FROM cohort WHERE split = 'train'),
                              time => os_months, event => dead, id => patient_id, terms => (SELECT term FROM candidates),
                              folds => :folds, seed => :seed, stratify => true);
