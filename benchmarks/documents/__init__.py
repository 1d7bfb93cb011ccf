"""Official documents beside docxtpl and LibreOffice."""
