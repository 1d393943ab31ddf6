"""The Directory port over the company's ERP in an Oracle database."""
