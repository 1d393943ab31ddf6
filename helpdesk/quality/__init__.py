"""Quality control: requests by what they are about, new ones, and assessments of closed tasks."""
