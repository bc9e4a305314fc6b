#include <leash/leash.h>
#include <string.h>

struct point {
	struct point *next;
	int x, y;
};

static const leash_type point_type = {
	.name = "point", .size = sizeof(struct point), LEASH_FIELDS(struct point, next),
};

int main(void)
{
	struct point *p = (struct point *)leash_new(&point_type);

	if (!p || strcmp(leash_version(), LEASH_VERSION) != 0)
		return 1;
	p->x = 1;
	leash_set(&p->next, p);
	leash_release(p);
	return leash_collect(2) != 1 || leash_shutdown() != 0;
}
