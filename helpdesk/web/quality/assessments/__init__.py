"""Pages of assessments: their forms, closed tasks to assess, what was said, and what follows from it."""
