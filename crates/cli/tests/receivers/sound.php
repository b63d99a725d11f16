<?php
// A sound receiver of both vendors: `php -S 127.0.0.1:8787 sound.php`.

function answer(int $status, string $body = '')
{
    http_response_code($status);
    header('Content-Type: application/json');
    echo $body;
    exit;
}

function header_of(string $name): string
{
    return $_SERVER['HTTP_' . strtoupper(str_replace('-', '_', $name))] ?? '';
}

function check(bool $holds)
{
    if (!$holds) {
        answer(401);
    }
}

$state = getenv('STATE');
if ($_SERVER['REQUEST_METHOD'] === 'GET') {
    answer(200, (string) count(array_filter(explode("\n", (string) @file_get_contents($state)))));
}

$body = file_get_contents('php://input');
$ack = '{"code":0,"message":"success"}';
switch (parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH)) {
    case '/trustlens':
        $time = header_of('X-TrustLens-Timestamp');
        check(ctype_digit($time) && abs(time() - (int) $time) <= 300);
        $mac = 'sha256=' . hash_hmac('sha256', "$time.$body", getenv('TRUSTLENS_SECRET'));
        check(hash_equals($mac, header_of('X-TrustLens-Signature')));
        $ack = '';
        break;
    case '/trustoo/shop':
        check(hash_equals(getenv('TRUSTOO_PUBLIC_TOKEN'), header_of('Open-Trustoo-Webhook-Public-Token')));
        $time = header_of('Open-Trustoo-Webhook-Timestamp');
        check(ctype_digit($time) && abs(time() - (int) $time) <= 900);
        $string = "timestamp=$time" . ($body === '' ? '' : "|$body");
        $mac = hash_hmac('sha256', $string, getenv('TRUSTOO_PRIVATE_TOKEN'));
        check(hash_equals($mac, header_of('Open-Trustoo-Webhook-Sign')));
        break;
    case '/trustoo/system':
        $mac = hash_hmac('sha256', $body, getenv('TRUSTOO_CLIENT_SECRET'));
        check(hash_equals($mac, header_of('X-Trustoo-Signature')));
        break;
    default:
        answer(404);
}

// The body is signed, and a retry repeats it.
$key = hash('sha256', $body);
$file = fopen($state, 'c+');
flock($file, LOCK_EX);
if (!str_contains(stream_get_contents($file), $key)) {
    fwrite($file, "$key\n");
}
fclose($file);
answer(200, $ack);
