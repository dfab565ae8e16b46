# The study's statistics by R's survival and glmnet: `Rscript study.R COHORT OUT`.
#
# Reads the clinical tables of COHORT and, in OUT, what features.py and split.py wrote; writes a CSV a table of
# sql/reproduce/crlm to OUT, with the columns of these tables. Areas under time-dependent ROC curves are timeROC's where it is
# installed, otherwise the same estimator written out below from its definition (Blanche, Dartigues and Jacqmin-Gadda 2013).
#
# Where options differ from R's defaults, it is to have more digits: coxph and glmnet stop earlier than the 1e-6 at which
# tables are compared.
suppressMessages({
  library(survival)
  library(glmnet)
})
started <- proc.time()[["elapsed"]]
arguments <- commandArgs(TRUE)
folder <- arguments[1]
out <- arguments[2]
exact <- coxph.control(eps = 1e-14, toler.chol = 1e-15, iter.max = 200)
z95 <- qnorm(0.975)
sets <- c("train", "test", "external")

table_of <- function(name, ...) read.csv(file.path(out, name), check.names = FALSE, ...)
write_table <- function(name, rows) {
  # As few digits as give the number back.
  digits <- function(x) {
    short <- sprintf("%.15g", x)
    ifelse(as.numeric(short) == x, short, sprintf("%.17g", x))
  }
  text <- function(x) {
    known <- !is.na(x)
    cells <- character(length(x))
    cells[known] <- if (is.logical(x)) ifelse(x[known], "true", "false") else if (is.double(x)) digits(x[known]) else as.character(x[known])
    cells
  }
  cells <- as.data.frame(lapply(rows, text), optional = TRUE)
  commas <- any(grepl(",", unlist(cells), fixed = TRUE))
  write.csv(cells, file.path(out, paste0(name, ".csv")), row.names = FALSE, quote = commas)
}

# Step 3: patients. -999 is a value that is not known.
sheet <- function(site) cbind(cohort = site, read.csv(file.path(folder, site, "clinical.csv"), na.strings = c("-999", "")))
sheets <- rbind(sheet("crlm"), sheet("external"))
clinical <- data.frame(
  cohort = sheets$cohort, patient_id = sheets$patient_id, os_months = sheets$overall_survival_months, dead = sheets$vital_status,
  age = sheets$age, male = sheets$sex == 1, major_comorbidity = sheets$major_comorbidity,
  chemotherapy = sheets$chemo_before_liver_resection, clinrisk_score = sheets$clinrisk_score,
  extrahepatic_disease = sheets$extrahep_disease, steatosis = sheets$steatosis_yesno
)
cohort <- merge(clinical, table_of("lesions.csv")[c("cohort", "patient_id", "volume_ml")])
cohort <- merge(cohort, table_of("split.csv"))
cohort <- cohort[order(cohort$cohort, cohort$patient_id), ]
features <- table_of("features.csv")
features <- as.matrix(features[match(paste(cohort$cohort, cohort$patient_id), paste(features$cohort, features$patient_id)), -(1:2)])
training <- cohort$split == "train"
survival_of <- Surv(cohort$os_months, cohort$dead)

# Step 6: features that say the same as an earlier one go.
x <- features[training, ]
valued <- colSums(!is.na(x)) > 0
complete <- complete.cases(x[, valued])
constant <- valued & apply(x[complete, ], 2, function(v) all(v == v[1]))
r <- suppressWarnings(cor(x[complete, ]))
kept <- integer()
correlation <- data.frame(
  feature = colnames(x), kept = FALSE, dropped_for = NA_character_, correlation = NA_real_, reason = NA_character_,
  n = sum(complete), n_missing = sum(!complete)
)
for (place in seq_len(ncol(x))) {
  if (!valued[place] || is.na(constant[place]) || constant[place]) {
    correlation$reason[place] <- if (valued[place]) "constant" else "no values"
    next
  }
  with <- kept[abs(r[kept, place]) > 0.9][1]
  if (length(kept) == 0 || is.na(with)) {
    kept <- c(kept, place)
    correlation$kept[place] <- TRUE
  } else {
    correlation[place, "dropped_for"] <- colnames(x)[with]
    correlation[place, "correlation"] <- r[with, place]
    correlation[place, "reason"] <- "correlated"
  }
}
write_table("correlation", correlation)

# One Cox model each.
warned <- character()
univariate <- do.call(rbind, lapply(colnames(x)[kept], function(term) {
  v <- x[, term]
  fit <- withCallingHandlers(coxph(survival_of[training] ~ v, control = exact), warning = function(w) {
    warned <<- c(warned, paste0(term, ": ", conditionMessage(w)))
    invokeRestart("muffleWarning")
  })
  b <- coef(fit)[[1]]
  se <- sqrt(vcov(fit)[1, 1])
  data.frame(
    term = term, n = fit$n, n_missing = sum(is.na(v)), events = fit$nevent, coef = b, hr = exp(b), hr_lower = exp(b - z95 * se),
    hr_upper = exp(b + z95 * se), se = se, z = b / se, p = 2 * pnorm(-abs(b / se))
  )
}))
univariate$p_adjusted <- p.adjust(univariate$p, "BH")
write_table("univariate", univariate)
if (length(warned)) cat("coxph warned", length(warned), "times, first:", warned[1], "\n")
candidates <- univariate$term[which(univariate$p < 0.05)]
write_table("candidates", data.frame(term = candidates))

# Step 7: the LASSO's signature. glmnet's threshold bounds how much one pass of coordinate descent gains, of which many small ones
# may be left: at its default of 1e-7 coefficients are off by some hundredths of the largest, and so is the cross-validation.
# 1e-10 is enough to know the penalty and which coefficients are not 0, and takes twenty times as long; both are timed. Newton's
# method on the conditions of the optimum (Simon et al. 2011) then gives the coefficients themselves, and shows that the others are 0.
fit_lasso <- function(thresh) {
  seconds <- system.time(cv <- cv.glmnet(
    x[, candidates], survival_of[training], family = "cox", foldid = cohort$fold[training] + 1, standardize = TRUE,
    thresh = thresh, maxit = 1e7
  ))[["elapsed"]]
  list(cv = cv, seconds = seconds)
}
at_default <- fit_lasso(1e-7)
lasso <- fit_lasso(1e-10)
lambda <- lasso$cv$lambda.min
b <- as.matrix(coef(lasso$cv, s = "lambda.min"))[, 1]
time <- cohort$os_months[training]
risk_sets <- outer(time[cohort$dead[training] == 1], time, "<=")
# Columns as glmnet penalises them: centred, divided by the standard deviation with n below.
scaled <- scale(x[, candidates], scale = FALSE)
spread <- sqrt(colMeans(scaled^2))
scaled <- sweep(scaled, 2, spread, "/")
score_of <- function(b, columns) {
  w <- exp(as.vector(scaled[, names(b), drop = FALSE] %*% b))
  shares <- sweep(risk_sets, 2, w, "*")
  shares <- shares / rowSums(shares)
  means <- shares %*% scaled[, columns, drop = FALSE]
  score <- colSums(scaled[cohort$dead[training] == 1, columns, drop = FALSE]) - colSums(means)
  v <- scaled[, columns, drop = FALSE]
  list(score = score / nrow(v), information = (crossprod(v, colSums(shares) * v) - crossprod(means)) / nrow(v))
}
active <- names(b)[b != 0]
b <- (b * spread)[active]
sign_of <- sign(b)
for (step in 1:50) {
  found <- score_of(b, active)
  change <- solve(found$information, found$score - lambda * sign_of)
  b <- b + change
  if (max(abs(change)) < 1e-13 * max(abs(b))) break
}
stopifnot(step < 50, sign(b) == sign_of, abs(score_of(b, candidates)$score) <= lambda * (1 + 1e-9))
b <- b / spread[active]
write_table("signature", data.frame(term = names(b), coef = unname(b), spread = unname(spread[active]), lambda = lambda))

# Step 8: the score, and the risk by the training set's median.
cohort$rad_score <- as.vector(features[, names(b), drop = FALSE] %*% b)
cohort$risk <- ifelse(cohort$rad_score > median(cohort$rad_score[training]), "high", "low")
write_table("scored", cohort[c(
  "cohort", "patient_id", "split", "os_months", "dead", "age", "male", "major_comorbidity", "chemotherapy", "clinrisk_score",
  "extrahepatic_disease", "steatosis", "volume_ml", "rad_score", "risk"
)])
of_set <- lapply(setNames(nm = sets), function(s) cohort[cohort$split == s, ])
by_set <- function(rows_of) do.call(rbind, lapply(sets, function(s) data.frame(split = s, rows_of(of_set[[s]]))))

# Step 9: the baseline table.
shown <- function(x) sprintf("%.1f", x)
lines_of <- function(name) {
  v <- cohort[[name]]
  set <- factor(cohort$split, sets)
  if (!is.logical(v) && !all(v %in% c(0, 1, NA))) {
    text <- tapply(v, set, function(w) {
      q <- shown(quantile(w, c(0.5, 0.25, 0.75), na.rm = TRUE))
      sprintf("%s (%s, %s)", q[1], q[2], q[3])
    })
    return(data.frame(variable = name, level = NA_character_, t(unname(text)), p = kruskal.test(v, set)$p.value))
  }
  counts <- table(if (is.logical(v)) ifelse(v, "true", "false") else v, set)
  test <- suppressWarnings(chisq.test(counts, correct = FALSE))
  if (any(test$expected < 5)) test <- fisher.test(counts)
  text <- matrix(sprintf("%d (%s%%)", counts, shown(100 * prop.table(counts, 2))), nrow(counts))
  data.frame(variable = name, level = rownames(counts), text, p = test$p.value)
}
baseline <- do.call(rbind, lapply(c(
  "age", "male", "major_comorbidity", "chemotherapy", "clinrisk_score", "extrahepatic_disease", "steatosis", "volume_ml", "dead"
), lines_of))
names(baseline)[3:5] <- c("training", "testing", "external")
write_table("baseline", cbind(line = seq_len(nrow(baseline)), baseline))

# Step 10: the score beside what the clinic knows.
terms <- c("age", "male", "major_comorbidity", "chemotherapy", "clinrisk_score", "rad_score")
hazard_ratios <- by_set(function(d) {
  fit <- coxph(reformulate(terms, "Surv(os_months, dead)"), d, control = exact)
  b <- coef(fit)
  se <- sqrt(diag(vcov(fit)))
  data.frame(
    n = fit$n, events = fit$nevent, n_missing = nrow(d) - fit$n, term = terms, hr = exp(b), hr_lower = exp(b - z95 * se),
    hr_upper = exp(b + z95 * se), p = 2 * pnorm(-abs(b / se))
  )
})
write_table("hazard_ratios", hazard_ratios)

# Step 11: survival by risk.
medians <- by_set(function(d) do.call(rbind, lapply(c("high", "low"), function(g) {
  d <- d[d$risk == g, ]
  # Not summary(survfit): where a curve ends at one half, that gives the last death and quantile the middle of the last stretch.
  q <- quantile(survfit(Surv(os_months, dead) ~ 1, d), 0.5)
  data.frame(risk = g, n = nrow(d), events = sum(d$dead), median = q$quantile[[1]], lower = q$lower[[1]], upper = q$upper[[1]])
})))
write_table("medians", medians)
log_rank_tests <- by_set(function(d) {
  test <- survdiff(Surv(os_months, dead) ~ risk, d)
  data.frame(chi2 = test$chisq, df = 1, p = pchisq(test$chisq, 1, lower.tail = FALSE))
})
write_table("log_rank_tests", log_rank_tests)
write_table("survival_at", by_set(function(d) do.call(rbind, lapply(c("high", "low"), function(g) {
  s <- summary(survfit(Surv(os_months, dead) ~ 1, d[d$risk == g, ]), times = c(12, 36, 60), extend = TRUE)
  data.frame(risk = g, time = s$time, survival = s$surv, lower = s$lower, upper = s$upper)
}))))

# Step 12: discrimination.
concordances <- do.call(rbind, lapply(c("rad_score", "clinrisk_score"), function(score) data.frame(score = score, by_set(function(d) {
  found <- concordance(reformulate(score, "Surv(os_months, dead)"), d, reverse = TRUE)
  se <- sqrt(found$var)
  c <- found$concordance
  data.frame(n = found$n, n_missing = nrow(d) - found$n, c = c, se = se, lower = c - z95 * se, upper = c + z95 * se)
}))))
write_table("concordances", concordances)
write_table("concordance_differences", by_set(function(d) {
  d <- d[!is.na(d$clinrisk_score), ]
  risk <- function(score) concordance(Surv(os_months, dead) ~ score, data.frame(d, score = d[[score]]), reverse = TRUE, influence = 1)
  first <- risk("rad_score")
  second <- risk("clinrisk_score")
  difference <- first$concordance - second$concordance
  se <- sqrt(sum((first$dfbeta - second$dfbeta)^2))
  data.frame(
    first = "rad_score", second = "clinrisk_score", n = nrow(d), c_first = first$concordance, c_second = second$concordance,
    difference = difference, lower = difference - z95 * se, upper = difference + z95 * se, p = 2 * pnorm(-abs(difference / se))
  )
}))

# Cases died before t, controls were observed beyond it. G is the Kaplan-Meier estimate of not being censored, deaths leaving before
# the censored of the same time; cases weigh 1/G just before their time, controls 1/G(t). The influence of a patient on the area is
# what it adds as case and as control, less the mean, and what it adds through G: its martingale of the censoring, over
# those at risk, up to the time of each case.
time_roc <- function(time, dead, marker, t) {
  n <- length(time)
  at <- sort(unique(time))
  censored <- vapply(at, function(s) sum(time == s & dead == 0), 0)
  at_risk <- vapply(at, function(s) sum(time >= s), 0)
  deaths <- vapply(at, function(s) sum(time == s & dead == 1), 0)
  curve <- cumprod(ifelse(censored > 0, 1 - censored / (at_risk - deaths), 1))
  after <- function(s) vapply(s, function(u) c(1, curve)[1 + sum(at <= u)], 0)
  before <- function(s) vapply(s, function(u) c(1, curve)[1 + sum(at < u)], 0)
  case <- (time < t & dead == 1) / before(time) / n
  control <- (time > t) / after(t) / n
  cases <- sum(time < t & dead == 1)
  controls <- sum(time > t)
  if (cases == 0 || controls == 0) return(list(auc = NA, influence = rep(NA_real_, n), cases = cases, controls = controls))
  above <- outer(marker, marker, ">") + 0.5 * outer(marker, marker, "==")
  as_case <- case * as.vector(above %*% control)
  as_control <- control * as.vector(case %*% above)
  total <- sum(as_case)
  auc <- total / sum(case) / sum(control)
  # Row l changes -log G(u-) by this much: a column a row u.
  compensator <- censored / at_risk^2
  change <- vapply(time, function(u) {
    jump <- (dead == 0 & time < u) / at_risk[match(time, at)]
    jump - vapply(time, function(own) sum(compensator[at <= own & at < u]), 0)
  }, numeric(n))
  excess <- as_case - case * total / sum(case)
  influence <- n * (excess + as_control - control * total / sum(control)) + n * as.vector(change %*% excess)
  list(auc = auc, influence = influence / (sum(case) * sum(control)), cases = cases, controls = controls)
}
se_of <- function(influence) sd(influence) / sqrt(length(influence))
with_timeROC <- requireNamespace("timeROC", quietly = TRUE)
areas <- do.call(rbind, lapply(c("rad_score", "clinrisk_score", "age"), function(marker) by_set(function(d) {
  known <- d[!is.na(d[[marker]]), ]
  do.call(rbind, lapply(c(12, 24, 36, 60), function(t) {
    found <- time_roc(known$os_months, known$dead, known[[marker]], t)
    auc <- found$auc
    # timeROC's standard error depends on the order of rows of one time; its area does not.
    if (with_timeROC && !is.na(auc)) auc <- timeROC::timeROC(known$os_months, known$dead, known[[marker]], cause = 1, times = t)$AUC[[2]]
    se <- se_of(found$influence)
    data.frame(
      marker = marker, t = t, auc = auc, lower = auc - z95 * se, upper = auc + z95 * se, n = nrow(known),
      n_missing = nrow(d) - nrow(known), cases = found$cases, controls = found$controls
    )
  }))
})))
write_table("areas", areas)
write_table("area_differences", by_set(function(d) {
  d <- d[!is.na(d$clinrisk_score), ]
  do.call(rbind, lapply(c(12, 24, 36), function(t) {
    first <- time_roc(d$os_months, d$dead, d$rad_score, t)
    second <- time_roc(d$os_months, d$dead, d$clinrisk_score, t)
    difference <- first$auc - second$auc
    se <- se_of(first$influence - second$influence)
    data.frame(
      first = "rad_score", second = "clinrisk_score", t = t, auc_first = first$auc, auc_second = second$auc, difference = difference,
      lower = difference - z95 * se, upper = difference + z95 * se, p = 2 * pnorm(-abs(difference / se))
    )
  }))
}))

# Step 13: calibration of the risk of death within 36 months.
model <- coxph(Surv(os_months, dead) ~ rad_score, of_set$train, control = exact)
cohort$predicted_risk <- 1 - as.vector(summary(survfit(model, cohort), times = 36)$surv)
write_table("risks", cohort[c("cohort", "patient_id", "split", "os_months", "dead", "predicted_risk")])
of_set <- lapply(setNames(nm = sets), function(s) cohort[cohort$split == s, ])
write_table("calibration", by_set(function(d) {
  risk <- d$predicted_risk
  all <- summary(survfit(Surv(os_months, dead) ~ 1, d), times = 36, extend = TRUE)
  observed <- 1 - all$surv
  half <- z95 * all$std.err / observed
  oe <- observed / mean(risk)
  # Equal risks stay together.
  bin <- cut(risk, unique(quantile(risk, 0:4 / 4)), include.lowest = TRUE, labels = FALSE)
  slope <- slope_se <- NA
  if (all(risk > 0 & risk < 1)) {
    fit <- coxph(Surv(os_months, dead) ~ log(-log(1 - predicted_risk)), d, control = exact)
    slope <- coef(fit)[[1]]
    slope_se <- sqrt(vcov(fit)[1, 1])
  }
  groups <- lapply(split(d, bin), function(g) {
    s <- summary(survfit(Surv(os_months, dead) ~ 1, g), times = 36, extend = TRUE)
    c(mean(g$predicted_risk), 1 - s$surv, s$std.err)
  })
  g <- do.call(rbind, groups)
  # A group without a death, or without a survivor, has no variance.
  gnd_p <- if (isTRUE(all(g[, 3] > 0))) pchisq(sum((g[, 2] - g[, 1])^2 / g[, 3]^2), nrow(g) - 1, lower.tail = FALSE) else NA
  data.frame(
    n = nrow(d), observed = observed, expected = mean(risk), oe = oe, oe_lower = oe * exp(-half), oe_upper = oe * exp(half),
    slope = slope, slope_lower = slope - z95 * slope_se, slope_upper = slope + z95 * slope_se, gnd_p = gnd_p
  )
}))

# Step 14: the figures of the abstract.
at <- function(rows, ...) {
  key <- list(...)
  vapply(sets, function(s) {
    chosen <- rows$split == s
    for (name in names(key)) chosen <- chosen & rows[[name]] == key[[name]]
    which(chosen)
  }, 1L)
}
h <- hazard_ratios[at(hazard_ratios, term = "rad_score"), ]
k <- concordances[at(concordances, score = "rad_score"), ]
auc <- function(t) areas$auc[at(areas, marker = "rad_score", t = t)]
write_table("abstract", data.frame(
  split = sets, patients = vapply(of_set, nrow, 1L), deaths = vapply(of_set, function(d) sum(d$dead), 1L), hr = h$hr,
  hr_lower = h$hr_lower, hr_upper = h$hr_upper, p = h$p, c = k$c, c_lower = k$lower, c_upper = k$upper,
  median_high = medians$median[at(medians, risk = "high")], median_low = medians$median[at(medians, risk = "low")],
  log_rank_chi2 = log_rank_tests$chi2, log_rank_p = log_rank_tests$p, auc_12 = auc(12), auc_36 = auc(36), auc_60 = auc(60)
))
write_table("seconds", data.frame(
  statistics = proc.time()[["elapsed"]] - started, lasso = lasso$seconds, lasso_at_default = at_default$seconds,
  lambda = lambda, lambda_at_default = at_default$cv$lambda.min
))
