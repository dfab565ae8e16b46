# What R prints of Cox models and of a survival curve: `Rscript printed.R`, in this folder. Without the call, and without spaces
# at the ends of lines. R 4.2.2, survival 3.5-3; the data are those of ../survival/cox.
suppressMessages(library(survival))
options(width = 200, useFancyQuotes = TRUE)
d <- read.csv("../survival/cox/data.csv")

keep <- function(name, object) {
  lines <- sub(" +$", "", capture.output(print(object)))
  start <- if (grepl("^Call", lines[1])) which(lines == "")[1] + 1 else 1
  writeLines(lines[start:length(lines)], paste0(name, ".txt"), useBytes = TRUE)
}

keep("cox_plain", summary(coxph(Surv(stop, event) ~ x + z + b + c, d)))

d$tiny <- ifelse(d$x > 1.5, NA, d$x / 1000)
d$age <- d$x * 12.5 + 60 + d$id
keep("cox_scales", summary(coxph(Surv(stop, event) ~ tiny + age, d)))

d$marker <- -d$stop + d$part / 10
keep("cox_strong", summary(coxph(Surv(stop, event) ~ marker + z, d)))

keep("cox_level", summary(coxph(Surv(stop, event) ~ x, d), conf.int = 0.9))

keep("curve", summary(survfit(Surv(stop, event) ~ 1, d)))
