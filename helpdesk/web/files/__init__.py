"""Attachments: uploads, downloads, thumbnails."""
