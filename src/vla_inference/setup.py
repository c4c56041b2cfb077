from setuptools import find_packages, setup

package_name = 'vla_inference'

setup(
    name=package_name,
    version='0.1.0',
    packages=find_packages(exclude=['test']),
    data_files=[
        ('share/ament_index/resource_index/packages', ['resource/' + package_name]),
        ('share/' + package_name, ['package.xml']),
    ],
    install_requires=['setuptools'],
    zip_safe=True,
    maintainer='vla maintainers',
    maintainer_email='maintainers@example.com',
    description='Observation assembly, the inference node and the task action server.',
    license='Apache-2.0',
    entry_points={
        'console_scripts': [
            'inference_node = vla_inference.node:main',
            'task_check = vla_inference.task_check:main',
            'calibrate_delays = vla_inference.commands:run_calibrate_delays',
            'tell = vla_inference.commands:run_tell',
        ],
        'vla_inference.success': [
            f'{name} = vla_inference.success.{name}:{name.capitalize()}'
            for name in ('operator', 'detector', 'monitor', 'simulation')],
        'vla_policies.kinds': ['fast_slow = vla_inference.fast_slow.policy:FastSlowPolicy'],
    },
)
