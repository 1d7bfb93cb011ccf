"""What is connected to what (拓扑), seen and registered."""
