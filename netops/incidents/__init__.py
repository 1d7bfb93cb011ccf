"""What went wrong (安全事件): findings folded into incidents, graded, clocked, and the papers about them."""
