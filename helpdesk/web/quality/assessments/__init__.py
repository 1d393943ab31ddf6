"""Pages of assessments: their forms, closed tasks to assess, the assessments and their means."""
