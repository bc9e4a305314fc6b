/* The server's parser beside redis-server's: random lines and frames, good and bad, are sent to both.  What Redis makes of the
 * words it tells itself, when it is asked for a script's arguments. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include "parsed.h"
#include "tap.h"

#define LIMIT (1024 * 1024) /* the lowest that Redis can be given for a word */
#define MOST 4096
#define ROUNDS 3000

static char folder[] = "/tmp/leash-redis-XXXXXX";
static struct sockaddr_un address = { .sun_family = AF_UNIX };
static unsigned seed = 1;
static unsigned exact, refused, wanting;

static pid_t start(void)
{
	pid_t child;

	if (mkdtemp(folder) == NULL)
		bail_out("mkdtemp: %s", strerror(errno));
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", folder);
	child = fork();
	if (child != 0)
		return child;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", address.sun_path, "--dir", folder, "--save", "",
	       "--proto-max-bulk-len", "1mb", "--logfile", "/dev/null", "--daemonize", "no", (char *)NULL);
	_exit(127);
}

/* -1 if it is not there. */
static int open_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* What Redis answers to an input that ends there. */
static size_t redis_says(const char *input, size_t length, char *answer)
{
	int fd = open_socket();
	size_t size = 0;
	ssize_t got;

	if (fd < 0 || send(fd, input, length, MSG_NOSIGNAL) != (ssize_t)length)
		bail_out("redis-server: %s", strerror(errno));
	shutdown(fd, SHUT_WR);
	while ((got = read(fd, answer + size, MOST - 1 - size)) > 0)
		size += (size_t)got;
	close(fd);
	answer[size] = '\0';
	return size;
}

static bool is_word(const struct word *word, const char *text)
{
	return word->length == strlen(text) && memcmp(word->bytes, text, word->length) == 0;
}

/* What Redis has to answer; false if only the error at its end is known. */
static bool we_say(const char *input, size_t length, char **answer, size_t *size)
{
	struct parser parser = { .limit = LIMIT };
	struct request request;
	const char *error;
	size_t used;
	enum parsed state;
	bool known = true;
	FILE *to = open_memstream(answer, size);

	while ((state = parse(&parser, input, length, &used, &request, &error)) == PARSED_REQUEST) {
		input += used;
		length -= used;
		if (request.count == 0)
			continue;
		if (request.count < 3 || !is_word(&request.words[0], "EVAL") || !is_word(&request.words[1], "return ARGV") ||
		    !is_word(&request.words[2], "0")) {
			known = false;
			continue;
		}
		fprintf(to, "*%zu\r\n", request.count - 3);
		for (size_t i = 3; i < request.count; i++) {
			fprintf(to, "$%zu\r\n", request.words[i].length);
			fwrite(request.words[i].bytes, 1, request.words[i].length, to);
			fputs("\r\n", to);
		}
	}
	if (state == PARSED_WRONG)
		fprintf(to, "-ERR %s\r\n", error);
	fclose(to);
	parser_free(&parser);
	exact += known && state == PARSED_MORE && length == 0;
	refused += state == PARSED_WRONG;
	wanting += state == PARSED_MORE && length > 0;
	return known;
}

static const char *error_of(const char *answer, size_t size)
{
	const char *error = memmem(answer, size, "-ERR Protocol error", 19);

	return error ? error : "";
}

static bool agree(const char *input, size_t length)
{
	char redis[MOST], *ours;
	size_t redis_size = redis_says(input, length, redis), our_size;
	bool known = we_say(input, length, &ours, &our_size), same;

	same = strcmp(error_of(redis, redis_size), error_of(ours, our_size)) == 0;
	if (known)
		same = redis_size == our_size && memcmp(redis, ours, our_size) == 0;
	if (!same)
		diag("%.*s: %s, Redis %s", (int)length, input, ours, redis);
	free(ours);
	return same;
}

static size_t one_of(size_t number)
{
	return (size_t)rand_r(&seed) % number;
}

static size_t random_line(char *line)
{
	static const char letters[] = "   \"\"\"'''\\\\\\xnt4aFg\t\v\r\xff";
	size_t length = (size_t)sprintf(line, "EVAL \"return ARGV\" 0 "), more = one_of(14);

	for (size_t i = 0; i < more; i++)
		line[length++] = letters[one_of(sizeof(letters) - 1)];
	return length + (size_t)sprintf(line + length, one_of(2) ? "\r\n" : "\n");
}

/* One that is right, or has up to three bytes changed, which may be in a length. */
static size_t random_frame(char *frame)
{
	static const char letters[] = "**$$\r\r\n\n0123456789-+ a";
	size_t words = one_of(4), changes = one_of(4), at;
	size_t length = (size_t)sprintf(frame, "*%zu\r\n$4\r\nEVAL\r\n$11\r\nreturn ARGV\r\n$1\r\n0\r\n", words + 3);

	for (size_t i = 0; i < words; i++) {
		size_t size = one_of(12);

		length += (size_t)sprintf(frame + length, "$%zu\r\n%.*s\r\n", size, (int)size, "$1\r\n*2\r\nabcd");
	}
	while (changes-- > 0) {
		/* Half of them among lengths and ends of lines, which decide. */
		do
			at = one_of(length);
		while (one_of(2) && strchr("*$\r\n0123456789", frame[at]) == NULL);
		frame[at] = letters[one_of(sizeof(letters) - 1)];
	}
	return length;
}

static void compare(const char *what, size_t make(char *input))
{
	char input[MOST];
	unsigned different = 0;

	exact = refused = wanting = 0;
	for (int i = 0; i < ROUNDS; i++)
		different += !agree(input, make(input));
	is_int(different, 0, "%d random %s", ROUNDS, what);
	ok(exact > ROUNDS / 10 && refused > ROUNDS / 10, "of which %u are answered word by word, %u refused, %u not complete", exact,
	   refused, wanting);
}

/* Redis takes more words in an array than we do. */
static void corpus(void)
{
	char path[MOST], input[MOST];
	struct dirent *entry;
	DIR *files;
	unsigned number = 0, different = 0;

	snprintf(path, sizeof(path), "%s/tests/corpus/server-parse", getenv("srcdir") ? getenv("srcdir") : ".");
	files = opendir(path);
	if (files == NULL)
		bail_out("%s: %s", path, strerror(errno));
	while ((entry = readdir(files)) != NULL) {
		FILE *file = NULL;

		if (entry->d_name[0] != '.' && strcmp(entry->d_name, "wrong-count-large") != 0)
			file = fdopen(openat(dirfd(files), entry->d_name, O_RDONLY), "rb");
		if (file == NULL)
			continue;
		number++;
		different += !agree(input, fread(input, 1, sizeof(input), file));
		fclose(file);
	}
	closedir(files);
	ok(number > 30 && different == 0, "all inputs of the fuzzer, %u", number);
}

int main(void)
{
	pid_t server = start();
	int status, fd;

	while ((fd = open_socket()) < 0) {
		if (waitpid(server, &status, WNOHANG) == server) {
			rmdir(folder);
			if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
				skip_all("no redis-server");
			bail_out("redis-server does not start");
		}
		usleep(10000);
	}
	close(fd);
	corpus();
	compare("lines", random_line);
	compare("frames", random_frame);
	kill(server, SIGKILL);
	waitpid(server, &status, 0);
	unlink(address.sun_path);
	rmdir(folder);
	return done();
}
