"""What people and programs see: pages, the API, the live stream."""

from overdoor.web.app import create_app, read_templates

__all__ = ["create_app", "read_templates"]
