"""The words of the field as values: objective, problem, convention, estimate, verdict, finding."""
