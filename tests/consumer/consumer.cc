#include <leash/leash.hpp>

struct point {
	int x, y;
};

int main()
{
	{
		leash::ref<point> p = leash::make<point>(1, 2), q = p;
		if (p->x + q->y != 3)
			return 1;
	}
	return leash_shutdown() != 0;
}
