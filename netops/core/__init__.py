"""The words that every room shares; no rule of any room lives here."""
