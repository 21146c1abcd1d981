"""The public page: one for each municipality and language, and one of all together, as HTML without scripts."""

from channels.folder import FolderError
from channels.page.channel import PageChannel, build, published
from channels.page.document import POLICY, STYLE, Content, Made, policy, render_about, render_missing, render_page
from channels.page.site import Address, Site
from channels.providers.page import PAGE, PageSettings

__all__ = [
    "PAGE",
    "POLICY",
    "STYLE",
    "Address",
    "Content",
    "FolderError",
    "Made",
    "PageChannel",
    "PageSettings",
    "Site",
    "build",
    "policy",
    "published",
    "render_about",
    "render_missing",
    "render_page",
]
