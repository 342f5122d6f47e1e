"""Why a network answers what it answers for a still: heat maps and what its layers see."""
