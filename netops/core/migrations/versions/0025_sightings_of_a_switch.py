"""the terminals at one device's ports are found without reading those of all."""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = depends_on = None


def upgrade() -> None:
    op.create_index("ix_sightings_plane_switch_last_seen", "sightings", ["plane", "switch", "last_seen"])


def downgrade() -> None:
    op.drop_index("ix_sightings_plane_switch_last_seen", "sightings")
